import { assert } from '../../engine/kernel/assert.ts';
import type { IssuedCommand } from '../../engine/world/world-state.ts';
import { StorageError } from './contract.ts';
import { GREATEST_RUN_COUNT, type BranchOfRun, type RunId, type RunMark, type RunRecord, type RunsStore, type StoredRun } from './runs-contract.ts';

interface MemoryBranch {
  readonly commands: IssuedCommand[];
  mark: RunMark | null;
}

interface MemoryRun {
  readonly run: RunRecord;
  readonly branches: MemoryBranch[];
}

/** What a memory store leaves behind when it is closed. */
export interface MemoryRunsContent {
  runs: MemoryRun[];
  nextId: RunId;
}

export function newMemoryRunsContent(): MemoryRunsContent {
  return { runs: [], nextId: 1 };
}

/** Runs that live as long as the page: without storage, in a second tab, in tests. */
export class MemoryRuns implements RunsStore {
  private readonly content: MemoryRunsContent;
  private open = true;

  constructor(content: MemoryRunsContent = newMemoryRunsContent()) {
    this.content = content;
  }

  async createRun(run: Omit<RunRecord, 'id'>): Promise<{ run: RunRecord; forgotten: readonly RunId[] }> {
    this.demandOpen();
    const created: RunRecord = structuredClone({ ...run, id: this.content.nextId++ });
    this.content.runs.push({ run: created, branches: [{ commands: [], mark: null }] });
    const forgotten = this.content.runs.splice(0, this.content.runs.length - GREATEST_RUN_COUNT);
    return { run: created, forgotten: forgotten.map((old) => old.run.id) };
  }

  async listRuns(): Promise<readonly RunRecord[]> {
    this.demandOpen();
    return this.content.runs.map((stored) => stored.run).reverse();
  }

  async loadRun(id: RunId, branch = 0): Promise<StoredRun | null> {
    this.demandOpen();
    const stored = this.content.runs.find((one) => one.run.id === id);
    const found = stored?.branches[branch];
    if (stored === undefined || found === undefined) return null;
    return structuredClone({ run: stored.run, branch, branches: [...stored.branches.keys()], commands: found.commands, mark: found.mark });
  }

  async appendCommand(at: BranchOfRun, issued: IssuedCommand): Promise<void> {
    const { commands } = this.branchAt(at);
    assert(issued.id === commands.length, `command ${commands.length} to come next, got ${issued.id}`);
    commands.push(structuredClone(issued));
  }

  async putMark(at: BranchOfRun, mark: RunMark): Promise<void> {
    this.branchAt(at).mark = structuredClone(mark);
  }

  async fork(from: BranchOfRun, commandCount: number): Promise<BranchOfRun> {
    const parent = this.branchAt(from);
    assert(commandCount >= 0 && commandCount <= parent.commands.length, `a branch of at most ${parent.commands.length} commands, got ${commandCount}`);
    const branches = this.content.runs.find((one) => one.run.id === from.run)?.branches ?? [];
    branches.push({ commands: parent.commands.slice(0, commandCount), mark: null });
    return { run: from.run, branch: branches.length - 1 };
  }

  async deleteRun(id: RunId): Promise<void> {
    this.demandOpen();
    this.content.runs = this.content.runs.filter((one) => one.run.id !== id);
  }

  async close(): Promise<void> {
    this.open = false;
  }

  private branchAt(at: BranchOfRun): MemoryBranch {
    this.demandOpen();
    const branch = this.content.runs.find((one) => one.run.id === at.run)?.branches[at.branch];
    if (branch === undefined) throw new StorageError({ kind: 'lost', message: `Run ${at.run} has been forgotten.` });
    return branch;
  }

  private demandOpen(): void {
    if (!this.open) throw new StorageError({ kind: 'lost', message: 'The list of runs has been closed.' });
  }
}
