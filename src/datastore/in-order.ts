/** Works on several items at once and yields the results in the items' order. */
export interface InOrder<T, R> {
  readonly width: number
  readonly work: (item: T) => Promise<R>
  /** Takes back what a result holds that nobody will see, because an earlier one failed or the consumer left. */
  readonly drop?: (result: R) => void
}

type Settled<R> = { readonly result: R } | { readonly error: unknown }

/** Every work it began has ended when it returns or throws, whatever the reason. */
export async function* inOrder<T, R>(items: AsyncIterable<T>, how: InOrder<T, R>): AsyncGenerator<R> {
  const running: Promise<Settled<R>>[] = []
  const settle = async (item: T): Promise<Settled<R>> => {
    try {
      return { result: await how.work(item) }
    } catch (error) {
      return { error }
    }
  }
  const next = async (): Promise<R> => {
    const settled = await running.shift()
    if (settled === undefined) throw new Error('nothing is running')
    if ('error' in settled) throw settled.error
    return settled.result
  }
  try {
    for await (const item of items) {
      running.push(settle(item))
      if (running.length >= how.width) yield await next()
    }
    while (running.length > 0) yield await next()
  } finally {
    for (const left of running) {
      const settled = await left
      if ('result' in settled) how.drop?.(settled.result)
    }
  }
}
