import { unreachable } from '../../engine/kernel/assert.ts';
import type { ClaimOf, ClusterClaim } from '../../engine/world/claim.ts';
import { quorumLeader } from '../../projection/facts.ts';
import { withParticle } from '../../projection/narration/particles.ts';
import type { View } from '../../projection/view.ts';
import { both, same } from './both.ts';
import type { Evidence } from './evidence.ts';
import type { Judgement } from './judgement.ts';
import { listOf } from './values.ts';

/** Claims of the cluster as a whole: its controller, who is registered, the ensemble, machines. */
export function judgeCluster(claim: ClusterClaim, { view }: Evidence): Judgement {
  switch (claim.type) {
    case 'controller':
      return judgeController(claim, view);
    case 'liveBrokers':
      return {
        holds: view.truth.known && view.truth.liveBrokers.join() === claim.brokerIds.join(),
        found: same(`/brokers/ids: ${listOf(view.truth.liveBrokers)}`),
      };
    case 'zooKeeperQuorum': {
      const leader = quorumLeader(view.ensemble);
      const holds = (leader !== null) === claim.holds && (claim.leader === undefined || claim.leader === leader);
      return {
        holds,
        found:
          leader === null
            ? both('nobody leads a majority', '과반수를 이끄는 서버가 없습니다')
            : both(`zk${leader} leads a majority`, `${withParticle(`zk${leader}`, '(이)가')} 과반수를 이끕니다`),
      };
    }
    case 'process': {
      const found = processOf(view, claim.machine);
      return { holds: found === claim.is, found: found === null ? both('there is no such machine', '그런 머신이 없습니다') : same(found) };
    }
    default:
      return unreachable(claim);
  }
}

function judgeController(claim: ClaimOf<'controller'>, { truth }: View): Judgement {
  const { controller, controllerEpoch } = truth;
  const holds =
    truth.known &&
    (claim.brokerId === undefined || (controller ?? -1) === claim.brokerId) &&
    (claim.epoch === undefined || controllerEpoch === claim.epoch) &&
    (claim.epochAtLeast === undefined || controllerEpoch >= claim.epochAtLeast);
  const who = controller === null ? both('no controller', '컨트롤러 없음') : both(`controller ${controller}`, `컨트롤러 ${controller}`);
  return { holds, found: both(`${who.en}, controller epoch ${controllerEpoch}`, `${who.ko}, 컨트롤러 에포크 ${controllerEpoch}`) };
}

function processOf(view: View, host: string): string | null {
  const machines = [...view.ensemble.servers, ...view.brokers, ...view.producers, ...view.consumers, ...view.admins];
  return machines.find((one) => one.host === host)?.process ?? null;
}
