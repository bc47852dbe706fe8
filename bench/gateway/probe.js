// Loaded into a measured process by `node --require`: tells its memory after a collection, and takes CPU profiles, when its parent asks.
const { Session } = require('node:inspector');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');
const session = new Session();
const post = (method, params) =>
  new Promise((resolve, reject) => session.post(method, params, (error, result) => (error ? reject(error) : resolve(result))));

const answers = {
  memory: async () => {
    gc();
    return process.memoryUsage();
  },
  profileStart: async () => {
    session.connect();
    await post('Profiler.enable');
    await post('Profiler.setSamplingInterval', { interval: 500 });
    await post('Profiler.start');
  },
  profileStop: async () => {
    const { profile } = await post('Profiler.stop');
    session.disconnect();
    return profile;
  },
};

process.on('message', async (message) => {
  const answer = answers[message?.probe];
  if (answer) process.send({ probe: message.probe, value: await answer() });
});
// Asking must not keep a process alive that has stopped.
process.channel?.unref();
