import type { RequestFrameOf } from '../../protocol/wire.ts';
import type { ErrorName } from '../../protocol/errors.ts';

/** ZkConfigManager and the configuration half of ZkAdminManager: what is under way with ZooKeeper, as plain data. */
export interface ConfigManagerState {
  /** Number of the last `/config/changes/config_change_N` that was obeyed, -1 before the first. */
  readonly lastExecutedChange: number;
  readonly calls: readonly ConfigCall[];
  readonly nextCall: number;
}

/** One call to ZooKeeper under way; its answer comes back with the tag. */
export type ConfigCall = { readonly tag: string } & ConfigStep;

export type ConfigStep =
  /** The children of `/config/changes`, with a watch. */
  | { readonly step: 'list' }
  /** The notifications by name; those above `obeyAbove` are news, old ones go. */
  | { readonly step: 'notifications'; readonly names: readonly string[]; readonly obeyAbove: number }
  | { readonly step: 'topics'; readonly topics: readonly string[] }
  | { readonly step: 'purge' }
  | { readonly step: 'readToAlter'; readonly requestId: number; readonly frame: RequestFrameOf<'IncrementalAlterConfigs'> }
  | { readonly step: 'write'; readonly requestId: number; readonly verdicts: readonly AlterVerdict[] };

/** What becomes of one resource of an IncrementalAlterConfigs request. */
export interface AlterVerdict {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly error: ErrorName;
  readonly message: string | null;
}

export const NEW_CONFIG_MANAGER: ConfigManagerState = { lastExecutedChange: -1, calls: [], nextCall: 1 };
