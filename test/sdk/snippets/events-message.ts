async function onMessage(event: IncomingMessage): Promise<string> {
  const userText = event.text;
  const callId = event.callId;
  const caller = event.caller;
  const history = event.history ?? [];
  // Your custom logic here — call an LLM, query a database, etc.
  const response = await myLlmHandler(userText, history);
  return response;
}
