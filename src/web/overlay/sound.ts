import type { AlertPlay } from '../../features/overlays/contract.ts'

export interface PlayingSound {
  /** 0 to 100 */
  setVolume(volume: number): void
  stop(): void
}

interface Note {
  frequency: number
  at: number
  lasts: number
}

const loudest = 0.25
const chime: readonly Note[] = [523.25, 659.25, 783.99].map((frequency, index) => ({ frequency, at: index * 0.12, lasts: 0.9 }))
const fanfare: readonly Note[] = [
  { frequency: 392, at: 0, lasts: 0.16 },
  { frequency: 392, at: 0.17, lasts: 0.12 },
  { frequency: 392, at: 0.3, lasts: 0.16 },
  { frequency: 523.25, at: 0.48, lasts: 1.1 },
  { frequency: 659.25, at: 0.5, lasts: 1.1 },
  { frequency: 783.99, at: 0.52, lasts: 1.1 },
]
const silence: PlayingSound = { setVolume: () => {}, stop: () => {} }
let audio: AudioContext | undefined

/** Plays what an alert sounds like. A browser that forbids sound without a gesture, or has no device, stays silent: the alert is seen all the same. */
export function playSound({ sound, volume }: AlertPlay['media']): PlayingSound {
  try {
    if (sound === 'none') return silence
    if (sound === 'chime') return playNotes(chime, 'triangle', volume)
    if (sound === 'fanfare') return playNotes(fanfare, 'sawtooth', volume)
    return playFile(sound, volume)
  } catch {
    return silence
  }
}

// Both are made here, note by note: there is no file to load.
function playNotes(notes: readonly Note[], type: OscillatorType, volume: number): PlayingSound {
  audio ??= new AudioContext()
  const context = audio
  void context.resume().catch(() => {})
  const master = new GainNode(context, { gain: (volume / 100) * loudest })
  const soft = new BiquadFilterNode(context, { type: 'lowpass', frequency: 2_400 })
  soft.connect(master).connect(context.destination)
  for (const { frequency, at, lasts } of notes) {
    const start = context.currentTime + at
    const tone = new OscillatorNode(context, { type, frequency })
    const shape = new GainNode(context, { gain: 0 })
    shape.gain.setValueAtTime(0, start)
    shape.gain.linearRampToValueAtTime(0.5, start + 0.03)
    shape.gain.exponentialRampToValueAtTime(0.001, start + lasts)
    tone.connect(shape).connect(soft)
    tone.start(start)
    tone.stop(start + lasts)
  }
  return { setVolume: (next) => void (master.gain.value = (next / 100) * loudest), stop: () => master.disconnect() }
}

function playFile(url: string, volume: number): PlayingSound {
  const player = new Audio(url)
  player.volume = volume / 100
  void player.play().catch(() => {})
  return { setVolume: (next) => void (player.volume = next / 100), stop: () => player.pause() }
}
