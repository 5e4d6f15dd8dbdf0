import type { Progress } from './datastore.ts'

const LEAST_INTERVAL_MS = 250

/** Calls `onProgress` at most four times a second, and at the end. */
export function progressReport(progress: Progress, totalBytes: number): (doneBytes: number) => void {
  let last = Number.NEGATIVE_INFINITY
  return doneBytes => {
    const now = performance.now()
    if (doneBytes < totalBytes && now - last < LEAST_INTERVAL_MS) return
    last = now
    progress.onProgress?.(doneBytes, totalBytes)
  }
}
