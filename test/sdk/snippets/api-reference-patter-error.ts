import { PatterError } from "getpatter";

try {
  await phone.serve(agent);
} catch (e) {
  if (e instanceof PatterError) console.log(`Patter error: ${e}`);
  else throw e;
}
