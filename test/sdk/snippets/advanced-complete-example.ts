import "dotenv/config";
import { type CallEndEvent, type CallStartEvent, Patter } from "getpatter";

const phone = new Patter({
  twilioSid: process.env.TWILIO_SID,
  twilioToken: process.env.TWILIO_TOKEN,
  openaiKey: process.env.OPENAI_KEY,
  phoneNumber: process.env.PHONE_NUMBER,
  webhookUrl: process.env.WEBHOOK_URL,
});

const agent = phone.agent({
  systemPrompt: `You are an appointment reminder bot for Dr. Smith's office.
Behavior:
- Confirm the patient's identity by name and date of birth.
- Remind them of their upcoming appointment.
- If they want to reschedule, transfer to the front desk at +15550001111.
- If they press 1, confirm the appointment.
- If they press 2, cancel the appointment.
Be concise and professional.`,
  voice: "nova",
  firstMessage: "Hello! This is Dr. Smith's office calling with an appointment reminder.",
  variables: {
    patient_name: "Jane Doe",
    appointment_date: "March 20th at 2:00 PM",
  },
});

async function onCallStart(event: CallStartEvent) {
  console.log(`Calling ${event.callee} for appointment reminder`);
}

async function onCallEnd(event: CallEndEvent) {
  const transcript = event.transcript;
  // Save transcript to your database
  console.log(`Call complete. ${transcript.length} messages exchanged.`);
}

await phone.serve(agent, { port: 8000, recording: true, onCallStart, onCallEnd });
