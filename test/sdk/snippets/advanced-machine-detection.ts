// Enable AMD on outbound calls
await phone.call({
  to: "+15550009876",
  agent,
  machineDetection: true,
  voicemailMessage: "Hi, this is Acme Corp calling about your appointment. Please call us back at 555-000-1234.",
});
