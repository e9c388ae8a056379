import { makeCorpus, trackerContract, peerContract, trackerCallbacks, unknownContract } from './corpus.ts';
const c = makeCorpus([trackerContract, peerContract, trackerCallbacks, unknownContract], {userId:'m', password:'correct horse battery', deviceId:new Uint8Array(32), groupId:'films', fileName:'a.bin', root:new Uint8Array(32)}, 1);
for (const m of c.messages) console.log(m.name, m.requests.length, m.answers.length);
