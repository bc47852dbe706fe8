const agent = phone.agent({
systemPrompt: "You are helping {customer_name}, account #{account_id}.",
firstMessage: "Hi {customer_name}! How can I help you today?",
variables: {
customer_name: "Jane",
account_id: "A-789",
},
});
