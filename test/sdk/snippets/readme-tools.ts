const agent = phone.agent({
systemPrompt: "You are a booking assistant. Check availability before confirming.",
tools: [{
name: "check_availability",
description: "Check appointment availability for a given date",
parameters: {
type: "object",
properties: {
date: { type: "string", description: "ISO date, e.g. 2025-06-15" },
},
required: ["date"],
},
webhookUrl: "https://api.example.com/availability",
}],
});
