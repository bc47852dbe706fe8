await phone.serve({
agent,
port: 8000,
onTranscript: (data) => console.log(`[${data.role}] ${data.text}`),
onCallEnd: (data) => console.log(`Full history:`, data.history),
});
