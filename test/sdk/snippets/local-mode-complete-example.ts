import "dotenv/config";
import { type CallEndEvent, type CallStartEvent, Guardrail, OpenAIRealtime, Patter, Tool, type TranscriptEvent, Twilio } from "getpatter";

const phone = new Patter({
  carrier: new Twilio(), // TWILIO_* from env
  phoneNumber: process.env.PHONE_NUMBER,
  webhookUrl: process.env.WEBHOOK_URL,
});

async function scheduleAppointment(args: { name: string; date: string; time: string; reason?: string }) {
  // Your reservation system here.
  return { confirmation: "ACME-123", date: args.date, time: args.time };
}

const agent = phone.agent({
  engine: new OpenAIRealtime({ voice: "nova" }), // OPENAI_API_KEY from env
  systemPrompt: `You are a friendly receptionist for Acme Corp.
Help callers schedule appointments, answer general questions, and transfer to the right department.
Transfer billing questions to +15550001111.
Transfer technical support to +15550002222.`,
  firstMessage: "Thank you for calling Acme Corp! How can I help you today?",
  tools: [
    new Tool({
      name: "schedule_appointment",
      description: "Schedule an appointment for the caller.",
      parameters: {
        type: "object",
        properties: {
          name: { type: "string", description: "Caller's full name" },
          date: { type: "string", description: "Preferred date (YYYY-MM-DD)" },
          time: { type: "string", description: "Preferred time (HH:MM)" },
          reason: { type: "string", description: "Reason for appointment" },
        },
        required: ["name", "date", "time"],
      },
      handler: scheduleAppointment,
    }),
  ],
  guardrails: [
    new Guardrail({
      name: "No legal advice",
      blockedTerms: ["lawsuit", "sue", "legal action"],
      replacement: "I'm not able to provide legal guidance. Let me transfer you to our legal department.",
    }),
  ],
});

async function onCallStart(event: CallStartEvent) {
  console.log(`[CALL START] ${event.direction} call ${event.call_id}`);
  console.log(`  From: ${event.caller} -> To: ${event.callee}`);
}

async function onCallEnd(event: CallEndEvent) {
  console.log(`[CALL END] ${event.call_id}`);
  for (const entry of event.transcript) {
    console.log(`  [${entry.role}]: ${entry.text}`);
  }
}

async function onTranscript(event: TranscriptEvent) {
  console.log(`  [${event.role}]: ${event.text}`);
}

await phone.serve(agent, {
  port: 8000,
  recording: true,
  onCallStart,
  onCallEnd,
  onTranscript,
  voicemailMessage: "Hi, this is Acme Corp. Please call us back at your earliest convenience.",
});
