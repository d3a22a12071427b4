/** Topics that clients may not write to or delete from (Topic.isInternal). */
export const INTERNAL_TOPICS: readonly string[] = ['__consumer_offsets', '__transaction_state', '__share_group_state'];
