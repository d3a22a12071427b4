import type { Zxid } from '../kernel/units.ts';

/** Domain events of one ZooKeeper server. `server` is its `myid`. */
export type ZooKeeperTrace =
  | { readonly type: 'ZooKeeperLooking'; readonly server: number; readonly round: number }
  | { readonly type: 'ZooKeeperVoted'; readonly server: number; readonly forServer: number; readonly round: number }
  /** This server leads: a quorum acknowledged NEWLEADER of `epoch`. */
  | { readonly type: 'ZooKeeperLeaderEstablished'; readonly server: number; readonly epoch: number; readonly followers: readonly number[] }
  | { readonly type: 'ZooKeeperFollowing'; readonly server: number; readonly leader: number; readonly epoch: number }
  | { readonly type: 'ZooKeeperQuorumLost'; readonly server: number }
  /** This server applied a committed transaction. `digest` is a hash of the transaction, for comparing servers. */
  | {
      readonly type: 'ZooKeeperTransactionApplied';
      readonly server: number;
      readonly zxid: Zxid;
      readonly kind: string;
      readonly path: string | null;
      readonly digest: number;
    }
  | { readonly type: 'ZooKeeperSessionCreated'; readonly server: number; readonly sessionId: string; readonly timeoutMs: number }
  | { readonly type: 'ZooKeeperSessionExpiring'; readonly server: number; readonly sessionId: string }
  | {
      readonly type: 'ZooKeeperSessionClosed';
      readonly server: number;
      readonly sessionId: string;
      readonly expired: boolean;
      readonly ephemerals: readonly string[];
    };
