/**
 * The event ids under which the blocks of one response were previewed, in the order in which they were: one per thinking block, one
 * per text block that said something. Text blocks that follow each other share one, since they form one message.
 */
export interface BlockIds {
  thinking: readonly string[];
  text: readonly string[];
}
