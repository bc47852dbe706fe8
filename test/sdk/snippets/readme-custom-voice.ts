const phone = new Patter({ apiKey: "pt_xxx", backendUrl: "ws://localhost:8000" });
await phone.connect({
onMessage: agent,
provider: "twilio",
providerKey: "ACxxxxxxxx",
providerSecret: "your_auth_token",
number: "+14155550000",
stt: Patter.deepgram({ apiKey: "dg_xxx", language: "en" }),
tts: Patter.elevenlabs({ apiKey: "el_xxx", voice: "rachel" }),
});
