import type { Claim } from './claim.ts';
import type { Command, ConsumerSpec, ProducerSpec } from './command.ts';

/** Scenario format, version 1: data, with claims that a test checks. */
export interface Scenario {
  readonly format: 1;
  readonly name: string;
  readonly title: Readonly<Record<'en' | 'ko', string>>;
  readonly seed: number;
  readonly cluster: ClusterSpec;
  readonly commands: readonly TimedCommand[];
  /** Lesson text by language, shown with the run. */
  readonly text?: Readonly<Record<'en' | 'ko', string>>;
  readonly claims: readonly Claim[];
  /** How long `run` plays it when not told otherwise. */
  readonly untilMs: number;
}

export interface TimedCommand {
  readonly atMs: number;
  readonly command: Command;
}

export interface ClusterSpec {
  readonly mode: 'zookeeper';
  readonly zookeeperServers: number;
  readonly brokers: readonly { readonly brokerId: number; readonly rack?: string }[];
  /** Kafka broker configs that differ from the timing profile's, for every broker. */
  readonly brokerConfigs: Readonly<Record<string, string>>;
  readonly timing: 'classroom' | 'kafka';
  /** Epoch milliseconds of virtual zero. */
  readonly epochMs: number;
  /** Created by the admin client as soon as the brokers are registered. */
  readonly topics: readonly {
    readonly topic: string;
    readonly partitionCount: number;
    readonly replicationFactor: number;
    readonly configs?: Readonly<Record<string, string>>;
    readonly assignment?: Readonly<Record<string, readonly number[]>>;
  }[];
  readonly producers: readonly { readonly name: string; readonly config: ProducerSpec }[];
  readonly consumers: readonly { readonly name: string; readonly config: ConsumerSpec }[];
}
