import { Patter } from "getpatter";

const phone = new Patter({
  mode: "local",
  twilioSid: "",
  twilioToken: "",
  telnyxKey: "",
  telnyxConnectionId: "",
  openaiKey: "",
  elevenlabsKey: "",
  deepgramKey: "",
  phoneNumber: "",
  webhookUrl: "",
  pricing: undefined,
});
