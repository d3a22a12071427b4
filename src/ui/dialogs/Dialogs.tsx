import { usePlayground } from '../app/playground-context.tsx';
import { AddBrokerDialog, AddConsumerDialog, AddProducerDialog, ProduceDialog } from './ClientDialogs.tsx';
import { CompareCodecsDialog } from './CompareCodecsDialog.tsx';
import { CreateTopicDialog } from './CreateTopicDialog.tsx';
import { ScenariosDialog } from './ScenariosDialog.tsx';
import { DeleteRecordsDialog, TopicSettingsDialog } from './TopicSettingsDialog.tsx';

export function Dialogs() {
  const dialog = usePlayground((state) => state.look.dialog);
  switch (dialog) {
    case null:
      return null;
    case 'createTopic':
      return <CreateTopicDialog />;
    case 'addProducer':
      return <AddProducerDialog />;
    case 'addConsumer':
      return <AddConsumerDialog />;
    case 'addBroker':
      return <AddBrokerDialog />;
    case 'produce':
      return <ProduceDialog />;
    case 'topicSettings':
      return <TopicSettingsDialog />;
    case 'compareCodecs':
      return <CompareCodecsDialog />;
    case 'deleteRecords':
      return <DeleteRecordsDialog />;
    default:
      return <ScenariosDialog />;
  }
}
