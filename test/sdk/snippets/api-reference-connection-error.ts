import { PatterConnectionError } from "getpatter";

try {
  await phone.serve(agent);
} catch (e) {
  if (e instanceof PatterConnectionError) console.log(`Connection error: ${e}`);
  else throw e;
}
