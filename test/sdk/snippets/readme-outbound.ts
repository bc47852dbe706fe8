import { Patter } from "getpatter";
const phone = new Patter({ apiKey: "pt_xxx" });
await phone.connect({
onMessage: async () =>
"Thanks for picking up. This is a reminder about your appointment tomorrow.",
});
await phone.call({
to: "+14155551234",
firstMessage: "Hi, this is an automated reminder from Acme Corp.",
});
