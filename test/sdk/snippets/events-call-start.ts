async function onCallStart(event: CallStartEvent) {
  console.log(`Call started: ${event.callId}`);
  console.log(`Caller: ${event.caller}`);
  console.log(`Callee: ${event.callee}`);
  console.log(`Direction: ${event.direction}`);
  console.log(`Custom params: ${JSON.stringify(event.customParams ?? {})}`);
}
