/** What ends a dump where Kafka's tool ends with an exception: the class's full name and its message. */
export class JavaProblem extends Error {
  readonly className: string;

  constructor(className: string, message: string | null) {
    super(message ?? '');
    this.className = className;
  }

  /** As the Java launcher says it, without the stack. */
  get line(): string {
    return `Exception in thread "main" ${this.className}${this.message === '' ? '' : `: ${this.message}`}`;
  }
}

export function corruptRecord(message: string): JavaProblem {
  return new JavaProblem('org.apache.kafka.common.errors.CorruptRecordException', message);
}

export function invalidRecord(message: string): JavaProblem {
  return new JavaProblem('org.apache.kafka.common.InvalidRecordException', message);
}

export function corruptIndex(message: string): JavaProblem {
  return new JavaProblem('org.apache.kafka.storage.internals.log.CorruptIndexException', message);
}
