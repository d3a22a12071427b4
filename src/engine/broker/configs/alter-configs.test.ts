import { describe, expect, test } from 'vitest';
import {
  incrementalAlterConfigsRequestAlterableConfig,
  incrementalAlterConfigsRequestAlterConfigsResource,
  type IncrementalAlterConfigsRequestAlterConfigsResource,
} from '../../protocol/generated/incremental-alter-configs-request.ts';
import { alterTopicOverrides, TOPIC_RESOURCE } from './alter-configs.ts';

const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3] as const;

function shop(...operations: readonly (readonly [string, number, string | null])[]): IncrementalAlterConfigsRequestAlterConfigsResource {
  const configs = operations.map(([name, configOperation, value]) => incrementalAlterConfigsRequestAlterableConfig({ name, configOperation, value }));
  return incrementalAlterConfigsRequestAlterConfigsResource({ resourceType: TOPIC_RESOURCE, resourceName: 'shop', configs });
}

describe('operations on the overrides of a topic', () => {
  test('[R19] set, delete, append to and subtract from a list', () => {
    const before = { 'retention.ms': '1000', 'min.insync.replicas': '2' };
    const outcome = alterTopicOverrides(
      shop(['segment.bytes', SET, '2048'], ['retention.ms', DELETE, null], ['cleanup.policy', APPEND, 'compact'], ['cleanup.policy.', DELETE, null]),
      before,
    );
    expect(outcome).toEqual({ ok: true, overrides: { 'min.insync.replicas': '2', 'segment.bytes': '2048', 'cleanup.policy': 'delete,compact' } });
    expect(alterTopicOverrides(shop(['cleanup.policy', SUBTRACT, 'delete']), { 'cleanup.policy': 'delete,compact' })).toEqual({
      ok: true,
      overrides: { 'cleanup.policy': 'compact' },
    });
    expect(before).toEqual({ 'retention.ms': '1000', 'min.insync.replicas': '2' });
  });

  test("[R19] the refusals have Kafka's recorded words", () => {
    expect(alterTopicOverrides(shop(['min.insync.replicas', SET, 'zero']), {})).toEqual({
      ok: false,
      error: 'INVALID_CONFIG',
      message:
        "Invalid config value for resource ConfigResource(type=TOPIC, name='shop'): Invalid value zero for configuration min.insync.replicas: Not a number of type INT",
    });
    expect(alterTopicOverrides(shop(['no.such.config', SET, '1']), {})).toEqual({
      ok: false,
      error: 'INVALID_CONFIG',
      message: 'Unknown topic config name: no.such.config',
    });
    expect(alterTopicOverrides(shop(['retention.ms', APPEND, '1']), {})).toMatchObject({
      error: 'INVALID_CONFIG',
      message: 'Config value append is not allowed for config key: retention.ms',
    });
    expect(alterTopicOverrides(shop(['retention.ms', SET, null]), {})).toMatchObject({
      error: 'INVALID_REQUEST',
      message: 'Null value not supported for : SET:retention.ms',
    });
    expect(alterTopicOverrides(shop(['retention.ms', SET, '1'], ['retention.ms', DELETE, null]), {})).toMatchObject({
      error: 'INVALID_REQUEST',
      message: 'Error due to duplicate config keys : retention.ms',
    });
  });
});
