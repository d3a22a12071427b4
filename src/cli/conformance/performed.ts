import { appendToFile, deleteFile, renameFile, replaceFile, resizeFile, type FileTree } from '../../engine/kernel/files.ts';
import type { DiskEffect } from '../../engine/kernel/system.ts';

/** The files after an operation, on a disk that does everything at once. */
export function performed(files: FileTree, effect: DiskEffect): FileTree {
  switch (effect.type) {
    case 'append':
      return appendToFile(files, effect.path, effect.bytes);
    case 'replace':
      return replaceFile(files, effect.path, effect.bytes);
    case 'resize':
      return resizeFile(files, effect.path, effect.sizeBytes);
    case 'rename':
      return renameFile(files, effect.from, effect.to);
    case 'delete':
      return deleteFile(files, effect.path);
    default:
      return files;
  }
}
