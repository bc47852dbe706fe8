import "dotenv/config";
import { type CallEndEvent, type CallStartEvent, Patter, type TranscriptEvent } from "getpatter";

const phone = new Patter({
  twilioSid: process.env.TWILIO_SID,
  twilioToken: process.env.TWILIO_TOKEN,
  openaiKey: process.env.OPENAI_KEY,
  phoneNumber: process.env.PHONE_NUMBER,
  webhookUrl: process.env.WEBHOOK_URL,
});

const agent = phone.agent({
  systemPrompt: "You are a helpful assistant.",
  firstMessage: "Hi there! What can I do for you?",
});

async function onCallStart(event: CallStartEvent) {
  console.log(`[START] Call ${event.callId} from ${event.caller} (${event.direction})`);
}

async function onCallEnd(event: CallEndEvent) {
  console.log(`[END] Call ${event.callId}`);
  console.log(`  Transcript (${event.transcript.length} messages):`);
  for (const entry of event.transcript) {
    console.log(`    [${entry.role}]: ${entry.text}`);
  }
}

async function onTranscript(event: TranscriptEvent) {
  console.log(`  [${event.role}]: ${event.text}`);
}

await phone.serve(agent, { port: 8000, onCallStart, onCallEnd, onTranscript });
