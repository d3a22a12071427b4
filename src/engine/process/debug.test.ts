import { test } from 'vitest';
import { brokerPart, command, newTestKafka, run, serverOf, znode, createTopic } from './kafka-cluster.test-support.ts';
test('debug', () => {
  const kafka = newTestKafka(3, [1, 2, 3], {});
  run(kafka, 3);
  for (const id of [1, 2, 3]) { command(kafka, `b${id}`, { type: 'start' }); run(kafka, 1); }
  run(kafka, 2);
  createTopic(kafka, 'orders', { '0': [1, 2, 3] });
  run(kafka, 3);
  for (const id of [1,2,3]) console.log(id, serverOf(kafka, id)?.phase.name, JSON.stringify(serverOf(kafka, id)?.broker?.metadata), serverOf(kafka,id)?.session.status);
  console.log(JSON.stringify(serverOf(kafka, 1)?.controller, (k, v) => (k === 'root' ? '..' : v)).slice(0, 3000));
  console.log(znode(kafka, '/controller'), znode(kafka, '/brokers/topics/orders'), znode(kafka, '/brokers/topics/orders/partitions/0/state'));
  for (const r of kafka.traces) if (!r.event.type.startsWith('ZooKeeperT')) console.log(r.id.atUs, r.host, JSON.stringify(r.event).slice(0, 200));
});
