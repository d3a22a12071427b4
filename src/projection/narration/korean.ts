import { malhae } from './particles.ts';
import { span, type Span } from './sentence.ts';
import {
  GREATEST_NAMED,
  brokerIdOf,
  byteSize,
  idList,
  isrChange,
  offsetRange,
  partitionName,
  registeredBroker,
  zooKeeperIdOf,
  type Templates,
} from './words.ts';

function machine(host: string): string {
  const brokerId = brokerIdOf(host);
  if (brokerId !== null) return `브로커 ${brokerId}`;
  return zooKeeperIdOf(host) === null ? host : `ZooKeeper 서버 ${host}`;
}

function leader(id: number): Span {
  return span('leader', `브로커 ${id}`);
}

function epoch(value: number): Span {
  return span('leader', `에포크 ${value}`);
}

function brokers(ids: readonly number[]): string {
  return `브로커 ${idList(ids, '?')}`;
}

function peers(hosts: readonly string[]): string {
  if (hosts.length > GREATEST_NAMED) return `다른 머신 ${hosts.length}대`;
  return hosts.map((host) => (zooKeeperIdOf(host) === null ? machine(host) : host)).join(', ');
}

const ACKS = { '-1': 'ISR 전체가', '0': '확인 없이(acks=0)', '1': '리더 혼자' } as const;
const CUT_REASONS = {
  incompleteBatch: '배치 중간에서 끝나',
  recordSize: '배치 크기가 맞지 않아',
  magic: '매직 바이트를 알 수 없어',
  crc: '체크섬이 맞지 않아',
  offset: '오프셋이 맞지 않아',
  controlRecord: '읽을 수 없는 트랜잭션 마커 뒤라서',
  none: '깨져 있어',
} as const;
const DELETION_REASONS = {
  logStartOffset: '로그 시작 오프셋보다 아래라서',
  'retention.bytes': '로그가 retention.bytes보다 커서',
  'retention.ms': 'retention.ms가 지나',
} as const;
const TRUNCATION_REASONS = {
  divergingEpoch: '거기서부터 리더의 로그와 다르기 때문입니다',
  highWatermark: '자기 하이 워터마크까지만 남깁니다',
  outOfRange: '리더의 로그가 그 범위에 없기 때문입니다',
} as const;
const STRATEGIES = {
  offline: 'ISR에서 골랐습니다',
  reassign: '재할당에 따른 것입니다',
  preferred: '선호 리더입니다',
  controlledShutdown: '이전 리더가 종료하는 중이기 때문입니다',
  unclean: 'ISR에 없던 복제본입니다',
  newPartition: '살아 있는 첫 복제본입니다',
} as const;

export const korean: Templates = {
  SiteReloaded: (event) =>
    malhae`탭을 새로 고쳐 ${span('out', '모든 머신의 전원이 한꺼번에 나갔다')} 들어왔습니다. ${event.lostBytes === 0 ? '쓴 내용은 모두 디스크에 있었습니다.' : span('out', `페이지 캐시에만 있던 ${byteSize(event.lostBytes)}는 사라졌습니다.`)} 모든 머신이 IndexedDB에 남은 것으로 다시 시작합니다.`,
  ProcessStarting: (_, host) => malhae`${machine(host)}(이)가 시작합니다.`,
  ProcessStarted: (_, host) => malhae`${machine(host)}의 프로세스가 돌기 시작했습니다.`,
  ProcessKilled: (_, host) => malhae`${machine(host)}(이)가 ${span('out', '강제 종료')}되었습니다(SIGKILL). 소켓은 닫히고, 쓴 내용은 페이지 캐시에 남습니다.`,
  ProcessStopping: (_, host) => malhae`${machine(host)}에 종료를 요청했습니다(SIGTERM).`,
  ProcessExited: (event, host) => malhae`${machine(host)}의 프로세스가 코드 ${event.code}(으)로 끝났습니다${event.reason === '' ? '' : `: ${event.reason}`}.`,
  ProcessPaused: (_, host) => malhae`${machine(host)}(이)가 ${span('out', '멈춰 섰습니다')}(SIGSTOP). 소켓은 열린 채 버퍼가 차오릅니다.`,
  ProcessResumed: (event, host) =>
    malhae`${machine(host)}(이)가 다시 움직입니다(SIGCONT). ${event.waitingInputs === 0 ? '기다리던 메시지는 없습니다' : `메시지 ${event.waitingInputs}개가 기다리고 있었습니다`}.`,
  PoweredOff: (event, host) =>
    event.lostBytes === 0
      ? malhae`${machine(host)}의 ${span('out', '전원이 꺼졌습니다')}. 쓴 내용은 모두 디스크에 있었습니다.`
      : malhae`${machine(host)}의 ${span('out', '전원이 꺼졌습니다')}. 페이지 캐시에만 있던 ${span('out', byteSize(event.lostBytes))}(이)가 사라졌습니다.`,
  PoweredOn: (_, host) => malhae`${machine(host)}에 전원이 들어왔습니다.`,
  LinkCut: (event, host) => malhae`${machine(host)}에서 ${machine(event.to)}(으)로 가는 선이 ${span('out', '끊겼습니다')}.`,
  LinkHealed: (event, host) => malhae`${machine(host)}에서 ${machine(event.to)}(으)로 가는 선이 다시 이어졌습니다.`,
  LinksCut: (event, host) => malhae`${machine(host)}(과)와 ${peers(event.peers)} 사이의 선이 모두 ${span('out', '끊겼습니다')}. 서로의 소식을 듣지 못합니다.`,
  LinksHealed: (event, host) => malhae`${machine(host)}(과)와 ${peers(event.peers)} 사이의 선이 다시 이어졌습니다.`,
  LinkChanged: (event, host) => malhae`${machine(host)}에서 ${machine(event.to)}(으)로 가는 링크의 설정이 바뀌었습니다.`,
  ConnectionClosed: (event, host) => malhae`${machine(host)}(이)가 ${machine(event.peer)}(과)와의 연결을 잃었습니다(${event.reason}).`,
  DiskFilled: (event, host) =>
    event.freeBytes === 0
      ? malhae`${machine(host)}의 디스크가 ${span('out', '가득 찼습니다')}. 다음 쓰기는 ENOSPC를 받습니다.`
      : malhae`${machine(host)}의 디스크에 ${span('out', byteSize(event.freeBytes))}만 남았습니다.`,
  DiskFreed: (_, host) => malhae`${machine(host)}의 디스크에 다시 자리가 생겼습니다.`,
  DiskBroken: (event, host) => malhae`${machine(host)}의 디스크${under(event.dir)}가 ${span('out', '고장')} 났습니다. 모든 접근이 EIO를 받습니다.`,
  DiskHealed: (event, host) => malhae`${machine(host)}의 디스크${under(event.dir)}가 다시 동작합니다.`,
  DiskSlowed: (event, host) =>
    event.factor === 1 ? malhae`${machine(host)}의 디스크가 이전처럼 빠릅니다.` : malhae`${machine(host)}의 디스크가 ${`${event.factor}배`} 느려졌습니다.`,
  PageCorrupted: (event, host) =>
    malhae`${machine(host)}의 디스크에서 ${event.path}의 비트 하나가 ${span('out', '뒤집혔습니다')}(페이지 ${event.page}, 바이트 ${event.position}).`,
  LogDirFailed: (event) =>
    malhae`브로커 ${event.brokerId}(이)가 로그 디렉터리 ${event.dir}(을)를 ${span('out', '오프라인')}으로 돌립니다: ${event.error}.${event.partitions.length === 0 ? '' : ` 함께 멈춘 파티션: ${event.partitions.join(', ')}.`}`,
  DiskFailed: (event, host) => malhae`${machine(host)}의 디스크에서 ${event.path} 작업이 ${span('out', '실패')}했습니다: ${event.error}.`,

  BrokerStarting: (event) =>
    event.logCount === 0
      ? malhae`브로커 ${event.brokerId}(이)가 로그 없이 시작합니다.`
      : malhae`브로커 ${event.brokerId}(이)가 로그 ${event.logCount}개를 읽어 들입니다. ${event.cleanShutdownFound ? '지난번에 정상 종료했습니다' : '정상 종료하지 못했으므로 로그를 복구합니다'}.`,
  BrokerRegistered: (event) => malhae`브로커 ${event.brokerId}(이)가 ZooKeeper에 등록되었습니다(브로커 에포크 ${event.brokerEpoch}).`,
  ZooKeeperSessionLost: (event) =>
    event.state === 'expired'
      ? malhae`브로커 ${event.brokerId}(이)가 자기 ZooKeeper 세션이 ${span('out', '만료')}된 것을 알았습니다.`
      : malhae`브로커 ${event.brokerId}(과)와 ZooKeeper의 연결이 ${span('out', '끊겼습니다')}. 세션은 아직 유효합니다.`,
  ZooKeeperSessionBack: (event) =>
    event.state === 'established'
      ? malhae`브로커 ${event.brokerId}(이)가 새 ZooKeeper 세션을 얻었습니다.`
      : malhae`브로커 ${event.brokerId}(이)가 같은 세션으로 ZooKeeper에 다시 연결되었습니다.`,
  ControlledShutdownStarted: (event) => malhae`브로커 ${event.brokerId}(이)가 멈추기 전에 리더를 옮겨 달라고 컨트롤러에 요청합니다.`,
  BrokerStopped: (event) =>
    event.clean
      ? malhae`브로커 ${event.brokerId}(이)가 정상 종료했고, 그 사실을 디스크에 남겼습니다.`
      : malhae`브로커 ${event.brokerId}(이)가 ${span('out', '비정상')} 종료했습니다.`,
  LogRecovered: (event) =>
    event.discardedBytes === 0
      ? malhae`브로커 ${event.brokerId}(이)가 ${partitionName(event)}의 로그를 오프셋 ${event.logEndOffset}까지 복구했습니다.${event.indexProblems.length === 0 ? '' : ' 없거나 깨진 인덱스는 로그에서 다시 만들었습니다.'}`
      : malhae`브로커 ${event.brokerId}(이)가 ${partitionName(event)}의 로그를 오프셋 ${event.logEndOffset}까지 복구했습니다. 그 뒤는 ${CUT_REASONS[event.cutReason]} ${span('out', byteSize(event.discardedBytes))}(을)를 버렸습니다.`,
  BecameLeader: (event) =>
    malhae`${leader(event.brokerId)}(이)가 ${epoch(event.leaderEpoch)}에서 ${partitionName(event)}의 리더를 맡습니다. ISR은 ${idList(event.isr, '비어 있음')}입니다.`,
  BecameFollower: (event) =>
    malhae`브로커 ${event.brokerId}(이)가 ${epoch(event.leaderEpoch)}에서 ${partitionName(event)}의 리더 ${leader(event.leader)}(을)를 따릅니다.`,
  ReplicaStopped: (event) => malhae`브로커 ${event.brokerId}(이)가 ${partitionName(event)} 복제본을 ${event.deleted ? '삭제합니다' : '멈춥니다'}.`,
  RecordsAppended: (event) =>
    malhae`브로커 ${event.brokerId}(이)가 ${partitionName(event)}에 ${offsetRange(event.baseOffset, event.logEndOffset)}(을)를 덧붙입니다.`,
  SegmentsDeleted: (event) =>
    malhae`브로커 ${event.brokerId}(이)가 ${DELETION_REASONS[event.reason]} ${partitionName(event)}의 세그먼트 ${event.baseOffsets.length}개를 지웁니다. 로그는 이제 ${event.logStartOffset}에서 시작합니다.`,
  LogStartOffsetIncremented: (event) =>
    malhae`${event.reason === 'clientRecordDeletion' ? '클라이언트의 요청으로' : '리더의 로그를 따라'} 브로커 ${event.brokerId}에서 ${partitionName(event)}의 로그가 이제 ${event.logStartOffset}에서 시작합니다.`,
  LogCleaningStarted: (event) =>
    malhae`브로커 ${event.brokerId}의 로그 클리너가 ${partitionName(event)}(을)를 훑습니다. ${event.firstDirtyOffset}부터 ${event.firstUncleanableOffset - 1}까지가 새로 들어온 부분입니다.`,
  LogCleaned: (event) =>
    malhae`브로커 ${event.brokerId}의 로그 클리너가 ${partitionName(event)}의 레코드 ${event.records}개 중 키마다 가장 새로운 ${event.kept}개${event.tombstones === 0 ? '' : `(툼스톤 ${event.tombstones}개 포함)`}만 남겼습니다. 세그먼트 ${event.segments.length}개 ${byteSize(event.bytesBefore)}에서 ${event.cleanedSegments.length}개 ${byteSize(event.bytesAfter)}로 줄었습니다.`,
  LogUncleanable: (event) =>
    malhae`브로커 ${event.brokerId}의 클리너가 ${partitionName(event)}에서 ${span('out', '읽을 수 없는')} 배치를 만나, 브로커가 다시 시작할 때까지 이 로그를 청소하지 않습니다.`,
  LogCleaningAborted: (event) =>
    malhae`브로커 ${event.brokerId}의 로그 클리너가 ${partitionName(event)} 정리를 그만둡니다. 아래에서 로그가 바뀌었기 때문입니다.`,
  SegmentRolled: (event) => malhae`브로커 ${event.brokerId}(이)가 ${partitionName(event)}의 새 세그먼트를 ${event.baseOffset}부터 엽니다.`,
  HighWatermarkAdvanced: (event) =>
    event.role === 'leader'
      ? malhae`브로커 ${event.brokerId}에서 ${partitionName(event)}의 하이 워터마크가 ${span('water', event.highWatermark)}까지 올랐습니다.`
      : malhae`브로커 ${event.brokerId}(이)가 ${partitionName(event)}의 하이 워터마크가 ${span('water', event.highWatermark)}까지 오른 것을 리더에게서 들었습니다.`,
  LogTruncated: (event) =>
    malhae`브로커 ${event.brokerId}(이)가 ${partitionName(event)}의 로그를 ${event.from}에서 ${span('out', event.to)}(으)로 ${span('out', '잘라 냅니다')}. ${TRUNCATION_REASONS[event.reason]}.`,
  IsrChangeRequested: (event) =>
    event.change === 'shrink'
      ? malhae`브로커 ${event.brokerId}(이)가 ${partitionName(event)}의 ISR에서 ${brokers(event.replicas)}(을)를 빼 달라고 컨트롤러에 요청합니다.`
      : malhae`브로커 ${event.brokerId}(이)가 ${partitionName(event)}의 ISR에 ${brokers(event.replicas)}(을)를 넣어 달라고 컨트롤러에 요청합니다.`,
  IsrChangeRefused: (event) => malhae`컨트롤러가 브로커 ${event.brokerId}의 ${partitionName(event)} ISR 변경 요청을 거절했습니다: ${span('out', event.error)}.`,
  IsrShrunk: (event) =>
    malhae`리더인 브로커 ${event.brokerId}(이)가 ${partitionName(event)}의 ISR에서 ${brokers(event.removed)}(이)가 빠진 것을 확인했습니다: ${span('isr', idList(event.isr, '없음'))}.`,
  IsrExpanded: (event) =>
    malhae`리더인 브로커 ${event.brokerId}(이)가 ${partitionName(event)}의 ISR에 ${brokers(event.added)}(이)가 들어온 것을 확인했습니다: ${span('isr', idList(event.isr, '없음'))}.`,
  RequestRefused: (event) =>
    malhae`브로커 ${event.brokerId}(이)가 ${event.from}의 ${event.topic === '' ? '아직 모르는 토픽에 대한' : partitionName(event)} ${event.api} 요청을 거절했습니다: ${span('out', event.error)}.`,
  TopicConfigChanged: (event) => malhae`브로커 ${event.brokerId}(이)가 토픽 ${event.topic}에 새 설정 ${event.changes.join(', ')}(을)를 적용합니다.`,
  HighWatermarksCheckpointed: (event) => malhae`브로커 ${event.brokerId}(이)가 하이 워터마크를 디스크에 적었습니다.`,

  ControllerElected: (event) =>
    malhae`${span('control', `브로커 ${event.brokerId}`)}(이)가 컨트롤러가 되었습니다(${span('control', `컨트롤러 에포크 ${event.controllerEpoch}`)}).`,
  ControllerResigned: (event) => malhae`브로커 ${event.brokerId}(은)는 이제 컨트롤러가 아닙니다(에포크 ${event.controllerEpoch}).`,
  BrokerFailureHandled: (event) =>
    malhae`컨트롤러가 ZooKeeper에서 ${brokers(event.brokerIds)}(이)가 ${span('out', '사라진')} 것을 보고 맡고 있던 파티션을 정리합니다.`,
  BrokerStartupHandled: (event) => malhae`컨트롤러가 ${brokers(event.brokerIds)}(을)를 발견하고 맡을 복제본을 알려 줍니다.`,
  LogDirFailureHandled: (event) =>
    malhae`컨트롤러가 ${brokers(event.brokerIds)}의 로그 디렉터리가 고장 났다는 소식을 듣고 어느 복제본이 ${span('out', '오프라인')}인지 묻습니다.`,
  LeaderElected: (event) =>
    event.leader < 0
      ? malhae`에포크 ${event.leaderEpoch}에서 ${span('out', `${partitionName(event)}에 리더가 없습니다`)}. ISR은 ${idList(event.isr, '비어 있음')}입니다.`
      : malhae`컨트롤러가 ${epoch(event.leaderEpoch)}의 ${partitionName(event)} 리더로 ${leader(event.leader)}(을)를 뽑았습니다. ${event.strategy === 'unclean' ? span('out', STRATEGIES.unclean) : STRATEGIES[event.strategy]}.`,
  IsrChanged: (event) => {
    const { removed, added } = isrChange(event);
    if (removed.length > 0 && added.length === 0)
      return malhae`${span('out', brokers(removed))}(이)가 ${partitionName(event)}의 ISR에서 빠졌습니다. 남은 ISR은 ${span('isr', idList(event.isr, '없음'))}입니다.`;
    if (added.length > 0 && removed.length === 0)
      return malhae`${span('isr', brokers(added))}(이)가 따라잡아 ${partitionName(event)}의 ISR에 들어왔습니다. ISR은 ${span('isr', idList(event.isr, '없음'))}입니다.`;
    return malhae`${partitionName(event)}의 ISR이 ${idList(event.previousIsr, '없음')}에서 ${span('isr', idList(event.isr, '없음'))}(으)로 바뀌었습니다.`;
  },
  TopicCreated: (event) => malhae`토픽 ${span('strong', event.topic)}(이)가 파티션 ${event.partitionCount}개로 만들어졌습니다.`,
  LeaderEpochRaised: (event) =>
    malhae`${partitionName(event)}(은)는 이제 ${epoch(event.leaderEpoch)}입니다. 리더는 그대로 ${event.leader < 0 ? '없고' : leader(event.leader)}, 모든 복제본에게 새 배정을 알립니다: ${idList(event.replicas, '없음')}.`,
  PartitionsAdded: (event) => malhae`토픽 ${span('strong', event.topic)}에 파티션이 ${event.partitionCount}개 늘었습니다.`,
  TopicDeletionQueued: (event) =>
    malhae`토픽 ${span('strong', event.topic)}(을)를 ${span('out', '삭제')}하기로 했습니다. 모든 복제본에 닿을 수 있을 때 컨트롤러가 시작합니다.`,
  TopicDeletionHalted: (event) =>
    event.waitsFor.length === 0
      ? malhae`토픽 ${span('strong', event.topic)}의 삭제는 재배정이 끝날 때까지 ${span('out', '기다립니다')}.`
      : malhae`토픽 ${span('strong', event.topic)}의 삭제는 ${brokers(event.waitsFor)}(을)를 ${span('out', '기다립니다')}.`,
  TopicDeleted: (event) =>
    malhae`토픽 ${span('strong', event.topic)}(이)가 ${span('out', '사라졌습니다')}. 모든 복제본이 로그를 지웠고 ZooKeeper도 잊었습니다.`,
  ReassignmentStarted: (event) =>
    malhae`컨트롤러가 ${partitionName(event)}(을)를 옮깁니다.${event.adding.length === 0 ? '' : ` 들어오는 쪽: ${brokers(event.adding)}.`}${event.removing.length === 0 ? '' : ` 나가는 쪽: ${brokers(event.removing)}.`} 끝날 때까지 복제본은 ${span('strong', idList(event.replicas, '없음'))}입니다.`,
  ReassignmentCompleted: (event) => malhae`${partitionName(event)}의 이동이 끝났습니다. 복제본은 ${span('isr', idList(event.replicas, '없음'))}입니다.`,

  ZooKeeperLooking: (event) => malhae`zk${event.server}(이)가 ${event.round}번째 라운드에서 리더를 찾습니다.`,
  ZooKeeperVoted: (event) => malhae`zk${event.server}(이)가 ${event.round}번째 라운드에서 zk${event.forServer}에 투표합니다.`,
  ZooKeeperLeaderEstablished: (event) =>
    malhae`${span('control', `zk${event.server}`)}(이)가 에포크 ${event.epoch}에서 앙상블의 리더가 되었습니다. 팔로워는 ${event.followers.length === 0 ? '없습니다' : `${event.followers.map((id) => `zk${id}`).join(', ')}입니다`}.`,
  ZooKeeperFollowing: (event) => malhae`zk${event.server}(이)가 에포크 ${event.epoch}에서 ${`zk${event.leader}`}(을)를 따릅니다.`,
  ZooKeeperQuorumLost: (event) =>
    malhae`zk${event.server}(이)가 ${span('out', '과반수를 잃었습니다')}. 과반수를 되찾을 때까지 ZooKeeper는 아무에게도 답하지 않습니다.`,
  ZooKeeperTransactionApplied: (event) => malhae`zk${event.server}(이)가 ${event.kind}${event.path === null ? '' : ` ${event.path}`}(을)를 적용합니다.`,
  ZooKeeperSessionCreated: (event) => malhae`타임아웃이 ${event.timeoutMs}ms인 ZooKeeper 세션이 시작됩니다.`,
  ZooKeeperSessionExpiring: () => malhae`ZooKeeper가 너무 오래 소식이 없는 세션을 ${span('out', '만료')}시킵니다.`,
  ZooKeeperSessionClosed: (event) =>
    malhae`${registeredBroker(event) === null ? '' : `브로커 ${registeredBroker(event)}의 `}ZooKeeper 세션이 ${event.expired ? span('out', '만료되었습니다') : '닫혔습니다'}.${event.ephemerals.length === 0 ? '' : ` 함께 사라진 노드: ${event.ephemerals.join(', ')}.`}`,

  RecordsAcknowledged: (event) =>
    malhae`${event.client}: ${partitionName(event)}의 오프셋 ${event.baseOffset}부터 레코드 ${event.recordCount}개를 ${ACKS[`${event.acks}`]} 승인했습니다.`,
  RecordsFailed: (event) =>
    malhae`${event.client}(이)가 ${partitionName(event)}에 보낼 레코드 ${event.recordCount}개를 포기했습니다: ${span('out', event.error)}.`,
  ProduceRetried: (event) => malhae`${event.client}(이)가 ${event.error} 때문에 ${partitionName(event)}에 다시 보냅니다(${event.attempt}번째 시도).`,
  RecordsConsumed: (event) => malhae`${event.client}(이)가 ${partitionName(event)}의 ${offsetRange(event.baseOffset, event.nextOffset)}(을)를 읽었습니다.`,
  PositionReset: (event) => malhae`${event.client}(이)가 ${partitionName(event)}(을)를 ${event.offset}부터 읽습니다(${event.reason}).`,
  FetchFailed: (event) => malhae`${event.client}(이)가 ${partitionName(event)}(을)를 가져오지 못했습니다: ${event.error}.`,
  MetadataUpdated: (event) => malhae`${event.client}(이)가 메타데이터를 새로 받았습니다.`,
  CommandDone: (event) => malhae`${event.text}`,
  CommandRefused: (event) => malhae`거절됨: ${span('out', event.error)}. ${event.message}`,
};

function under(dir: string): string {
  return dir === '' ? '' : ` (${dir})`;
}
