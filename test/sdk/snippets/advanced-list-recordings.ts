import twilio from "twilio";

const client = twilio(accountSid, authToken);
const recordings = await client.recordings.list({ limit: 20 });
for (const record of recordings) {
  console.log(record.sid, record.duration);
}
