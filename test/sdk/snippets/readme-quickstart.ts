import { Patter } from "getpatter";
const phone = new Patter({ apiKey: "pt_xxx" });
await phone.connect({
onMessage: async (msg) => {
// Your agent logic here — return what the AI should say
return `You said: ${msg.text}`;
},
});
