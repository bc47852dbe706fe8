import { Patter } from "getpatter";
const phone = new Patter({ apiKey: "pt_xxx" });
await phone.connect({
onMessage: async (msg) => {
if (msg.text.toLowerCase().includes("hours")) {
return "We're open Monday through Friday, 9 to 5.";
}
return "How can I help you today?";
},
onCallStart: (data) => console.log(`Call from ${data.caller}`),
onCallEnd: () => console.log("Call ended"),
});
