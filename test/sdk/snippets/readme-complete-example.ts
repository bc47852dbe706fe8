const phone = new Patter({
mode: 'local',
twilioSid: process.env.TWILIO_SID,
twilioToken: process.env.TWILIO_TOKEN,
openaiKey: process.env.OPENAI_KEY,
phoneNumber: '+16592214527',
webhookUrl: 'your-domain.ngrok-free.dev',
});
const agent = phone.agent({
systemPrompt: `You are a customer service agent for Acme Corp.
The customer is {customer_name} with order #{order_id}.
Check inventory before answering stock questions.
Transfer to a human if the customer is upset.`,
voice: 'alloy',
language: 'en',
firstMessage: 'Hi {customer_name}! How can I help with order #{order_id}?',
variables: {
customer_name: 'John',
order_id: '12345',
},
tools: [{
name: 'check_inventory',
description: 'Check product stock',
parameters: { type: 'object', properties: { product: { type: 'string' } } },
webhookUrl: 'https://api.acme.com/inventory',
}],
// Built-in: transfer_call, end_call (auto-injected)
});
await phone.serve({
agent,
port: 8000,
recording: true,
onCallStart: async (data) => console.log(`Call from ${data.caller}`),
onCallEnd: async (data) => console.log(`Transcript: ${data.transcript?.length} turns`),
onTranscript: async (data) => console.log(`${data.role}: ${data.text}`),
});
// Outbound with machine detection
await phone.call({
to: '+1234567890',
machineDetection: true,
voicemailMessage: 'Hi, please call us back at 555-0123.',
});
