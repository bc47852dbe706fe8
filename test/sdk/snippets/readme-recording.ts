await phone.serve({ agent, port: 8000, recording: true });
