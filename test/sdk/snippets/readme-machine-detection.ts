await phone.call({
to: "+14155551234",
firstMessage: "Hi, this is an automated reminder from Acme Corp.",
machineDetection: true,
voicemailMessage: "Hi, we tried to reach you. Please call us back at 555-0123.",
});
