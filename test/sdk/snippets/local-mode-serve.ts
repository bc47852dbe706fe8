await phone.serve(agent, { port: 8000 });
