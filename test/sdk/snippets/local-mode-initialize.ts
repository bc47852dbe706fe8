import "dotenv/config";
import { Patter, Twilio } from "getpatter";

const phone = new Patter({
  carrier: new Twilio(), // TWILIO_* from env
  phoneNumber: process.env.PHONE_NUMBER,
  webhookUrl: process.env.WEBHOOK_URL,
});
