import { assert, unreachable } from '../kernel/assert.ts';
import type { FileTree } from '../kernel/files.ts';
import type { Step, StepContext } from '../kernel/machine-contract.ts';
import type { SystemEffect, SystemInput } from '../kernel/system.ts';
import type { HostName } from '../kernel/units.ts';
import type { BrokerTrace } from '../broker/trace.ts';
import { adminClient, type AdminConfig, type AdminState } from '../client/admin/admin-client.ts';
import type { AdminCommand } from '../client/admin/admin-calls.ts';
import { consumerClient, type ConsumerConfig, type ConsumerState } from '../client/consumer/consumer-client.ts';
import { producerClient, type ProduceCommand, type ProducerConfig, type ProducerState } from '../client/producer/producer-client.ts';
import type { ClientTrace } from '../client/trace.ts';
import type { ControllerTrace } from '../controller/contract.ts';
import { kafkaServer, type KafkaServerConfig, type KafkaServerState } from '../process/kafka-server.ts';
import type { WireMessage } from '../protocol/wire.ts';
import { zooKeeperServer, type ZooKeeperServerConfig, type ZooKeeperState } from '../zookeeper/server.ts';
import type { ZooKeeperTrace } from '../zookeeper/trace.ts';

/** Which program a machine runs, and with what configuration. */
export type ProcessSpec =
  | { readonly kind: 'zooKeeper'; readonly config: ZooKeeperServerConfig }
  | { readonly kind: 'kafka'; readonly config: KafkaServerConfig }
  | { readonly kind: 'producer'; readonly config: ProducerConfig }
  | { readonly kind: 'consumer'; readonly config: ConsumerConfig }
  | { readonly kind: 'admin'; readonly config: AdminConfig };

export type ProcessState =
  | { readonly kind: 'zooKeeper'; readonly state: ZooKeeperState }
  | { readonly kind: 'kafka'; readonly state: KafkaServerState }
  | { readonly kind: 'producer'; readonly state: ProducerState }
  | { readonly kind: 'consumer'; readonly state: ConsumerState }
  | { readonly kind: 'admin'; readonly state: AdminState };

export type ProcessTrace = BrokerTrace | ControllerTrace | ZooKeeperTrace | ClientTrace;

/** What a person may ask of a process. */
export type ProcessCommandInput = AdminCommand | ProduceCommand;

type Input = SystemInput<WireMessage, ProcessCommandInput>;
type Effect = SystemEffect<WireMessage, ProcessTrace>;
export type ProcessStep = Step<ProcessState, Effect>;

export interface StartFacts {
  readonly files: FileTree;
  readonly incarnation: number;
  readonly host: HostName;
}

export function initProcess(spec: ProcessSpec, start: StartFacts, context: StepContext): ProcessStep {
  switch (spec.kind) {
    case 'zooKeeper':
      return lift('zooKeeper', zooKeeperServer.init({ ...start, config: spec.config }, context));
    case 'kafka':
      return lift('kafka', kafkaServer.init({ ...start, config: spec.config }, context));
    case 'producer':
      return lift('producer', producerClient.init({ ...start, config: spec.config }, context));
    case 'consumer':
      return lift('consumer', consumerClient.init({ ...start, config: spec.config }, context));
    case 'admin':
      return lift('admin', adminClient.init({ ...start, config: spec.config }, context));
    default:
      return unreachable(spec);
  }
}

export function stepProcess(process: ProcessState, input: Input, context: StepContext): ProcessStep {
  switch (process.kind) {
    case 'zooKeeper':
      return lift('zooKeeper', zooKeeperServer.step(process.state, withoutCommand(input), context));
    case 'kafka':
      return lift('kafka', kafkaServer.step(process.state, withoutCommand(input), context));
    case 'producer':
      return lift('producer', producerClient.step(process.state, producerInput(input), context));
    case 'consumer':
      return lift('consumer', consumerClient.step(process.state, withoutCommand(input), context));
    case 'admin':
      return lift('admin', adminClient.step(process.state, adminInput(input), context));
    default:
      return unreachable(process);
  }
}

function lift<Kind extends ProcessState['kind'], State>(kind: Kind, step: Step<State, Effect>): Step<{ kind: Kind; state: State }, Effect> {
  return { state: { kind, state: step.state }, effects: step.effects };
}

/** Commands are checked by the world before they are given; one that the process does not know is our own mistake. */
function withoutCommand(input: Input): SystemInput<WireMessage, never> {
  assert(input.type !== 'command', 'no command for this kind of process');
  return input;
}

function producerInput(input: Input): SystemInput<WireMessage, ProduceCommand> {
  if (input.type !== 'command') return input;
  assert(input.command.type === 'produce', 'a produce command for a producer');
  return { type: 'command', command: input.command };
}

function adminInput(input: Input): SystemInput<WireMessage, AdminCommand> {
  if (input.type !== 'command') return input;
  assert(input.command.type !== 'produce', 'an admin command for the admin client');
  return { type: 'command', command: input.command };
}
