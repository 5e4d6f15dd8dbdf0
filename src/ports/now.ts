/** The clock. Tests hand in a fixed one; nothing in the house reads the time any other way. */
export type Now = () => Date
