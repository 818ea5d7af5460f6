const notes = [523.25, 659.25, 783.99]
let audio: AudioContext | undefined

/** A soft rising chord, made here: no file to load. A browser that forbids sound without a gesture just stays silent. */
export function chime(): void {
  try {
    audio ??= new AudioContext()
    const context = audio
    void context.resume().catch(() => {})
    for (const [index, frequency] of notes.entries()) {
      const start = context.currentTime + index * 0.12
      const tone = new OscillatorNode(context, { type: 'triangle', frequency })
      const volume = new GainNode(context, { gain: 0 })
      volume.gain.linearRampToValueAtTime(0.12, start + 0.03)
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.9)
      tone.connect(volume).connect(context.destination)
      tone.start(start)
      tone.stop(start + 1)
    }
  } catch {
    // No sound device: the alert is seen all the same.
  }
}
