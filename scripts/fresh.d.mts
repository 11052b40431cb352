/** Whether the generated schema is older than what it is made from. */
export function isStale(): boolean;
