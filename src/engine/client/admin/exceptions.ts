import type { ErrorName } from '../../protocol/errors.ts';

const IRREGULAR: Readonly<Partial<Record<ErrorName, string>>> = {
  TOPIC_ALREADY_EXISTS: 'TopicExistsException',
  INVALID_TOPIC_EXCEPTION: 'InvalidTopicException',
  INVALID_CONFIG: 'InvalidConfigurationException',
  REQUEST_TIMED_OUT: 'TimeoutException',
  UNKNOWN_SERVER_ERROR: 'UnknownServerException',
  KAFKA_STORAGE_ERROR: 'KafkaStorageException',
};

/** The Java exception that Kafka's clients raise for an error, as their tools print it. */
export function exceptionName(error: ErrorName): string {
  const words = error
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return IRREGULAR[error] ?? `${words.join('')}Exception`;
}
