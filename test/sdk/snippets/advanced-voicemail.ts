await phone.serve(agent, {
  port: 8000,
  voicemailMessage: "Hi, please call us back at your earliest convenience.",
});
