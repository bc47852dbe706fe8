import { Patter } from "getpatter";

const phone = new Patter({
  apiKey: "pt_xxx",
  backendUrl: "ws://localhost:8000",
  restUrl: "http://localhost:8000",
});
