import type { Attached } from './attachments.ts'

export interface Recorder {
  /** so far */
  seconds(): number
  /** the note, with how loud it is; nothing when nothing was said */
  stop(): Promise<Attached | undefined>
  cancel(): void
}

const bars = 64
const listenMs = 100
const types = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus']

/** Listens until it is told to stop, or cancelled. @throws when there is no microphone, or none is allowed */
export async function recordVoice(): Promise<Recorder> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true })
  const mimeType = types.find((each) => MediaRecorder.isTypeSupported(each))
  const recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {})
  const context = new AudioContext()
  const analyser = context.createAnalyser()
  context.createMediaStreamSource(stream).connect(analyser)
  const samples = new Uint8Array(analyser.fftSize)
  const levels: number[] = []
  const chunks: Blob[] = []
  const started = performance.now()
  const timer = setInterval(() => {
    analyser.getByteTimeDomainData(samples)
    levels.push(Math.max(...samples.map((each) => Math.abs(each - 128))) / 128)
  }, listenMs)
  recorder.addEventListener('dataavailable', ({ data }) => data.size > 0 && chunks.push(data))
  const ended = new Promise<void>((resolve) => recorder.addEventListener('stop', () => resolve(), { once: true }))
  recorder.start(1_000)

  return { seconds: () => (performance.now() - started) / 1000, stop, cancel }

  async function stop(): Promise<Attached | undefined> {
    cancel()
    await ended
    const type = (recorder.mimeType || 'audio/webm').split(';')[0] as string
    const file = new Blob(chunks, { type })
    return file.size > 0 ? { file, name: `voice.${type === 'audio/mp4' ? 'm4a' : type.slice(6)}`, kind: 'voice', waveform: waveformOf(levels) } : undefined
  }

  // The microphone's light goes out, whatever becomes of the note.
  function cancel(): void {
    clearInterval(timer)
    if (recorder.state !== 'inactive') recorder.stop()
    for (const track of stream.getTracks()) track.stop()
    if (context.state !== 'closed') void context.close()
  }
}

/** The loudest of each stretch, against the loudest of all. */
export function waveformOf(levels: readonly number[]): number[] {
  const count = Math.max(1, Math.min(bars, levels.length))
  const most = Math.max(0.05, ...levels)
  return Array.from({ length: count }, (_each, bar) => {
    const stretch = levels.slice(Math.floor((bar * levels.length) / count), Math.max(Math.floor(((bar + 1) * levels.length) / count), 1))
    return Math.round((Math.max(0, ...stretch) / most) * 100)
  })
}
