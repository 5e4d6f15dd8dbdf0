import type { Now } from '../../ports/now.ts'

/**
 * Keeps answers for a while, and lets those who ask for the same thing at once share one question. What fails is not
 * kept. The oldest answers go when there are too many.
 */
export function freshFor<T>({ ms, most, now }: { readonly ms: number; readonly most: number; readonly now: Now }) {
  const kept = new Map<string, { readonly answer: Promise<T>; readonly until: number }>()
  return (question: string, ask: () => Promise<T>): Promise<T> => {
    const known = kept.get(question)
    if (known && now().getTime() < known.until) return known.answer
    const answer = ask()
    kept.delete(question)
    kept.set(question, { answer, until: now().getTime() + ms })
    answer.catch(() => {
      if (kept.get(question)?.answer === answer) kept.delete(question)
    })
    const [oldest] = kept.keys()
    if (kept.size > most && oldest !== undefined) kept.delete(oldest)
    return answer
  }
}
