import { Patter } from "getpatter";
const phone = new Patter({
mode: "local",
twilioSid: "AC...", twilioToken: "...",
openaiKey: "sk-...",
phoneNumber: "+1...",
webhookUrl: "xxx.ngrok-free.dev",
});
const agent = phone.agent({
systemPrompt: "You are a friendly customer service agent for Acme Corp.",
voice: "alloy",
firstMessage: "Hello! Thanks for calling. How can I help?",
});
console.log("Listening for calls...");
await phone.serve({ agent, port: 8000 });
