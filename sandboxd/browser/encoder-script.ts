/**
 * Scripts for the page that encodes a recording. They are text, since they run in the browser and not here.
 */
export function setUpScript({ width, height }: { width: number; height: number }): string {
  return `(() => {
    const canvas = document.createElement('canvas');
    canvas.width = ${width};
    canvas.height = ${height};
    const stream = canvas.captureStream(0);
    const recorder = new MediaRecorder(stream, { mimeType: 'video/webm;codecs=vp8', videoBitsPerSecond: 1500000 });
    const parts = [];
    recorder.addEventListener('dataavailable', (event) => parts.push(event.data));
    recorder.start(1000);
    window.encoder = { canvas, track: stream.getVideoTracks()[0], recorder, parts };
  })()`;
}

/** Puts one JPEG, in base64, into the video. */
export function drawScript(frame: string): string {
  return `(async () => {
    const { canvas, track } = window.encoder;
    const image = new Image();
    image.src = ${JSON.stringify(`data:image/jpeg;base64,${frame}`)};
    await image.decode();
    const scale = Math.min(canvas.width / image.width, canvas.height / image.height);
    canvas.getContext('2d').drawImage(image, 0, 0, image.width * scale, image.height * scale);
    track.requestFrame();
  })()`;
}

/** Ends the video; its value is the number of bytes. */
export const FINISH_SCRIPT = `(async () => {
  const { recorder, parts } = window.encoder;
  await new Promise((resolve) => {
    recorder.addEventListener('stop', resolve);
    recorder.stop();
  });
  window.encoder.video = new Blob(parts);
  return window.encoder.video.size;
})()`;

/** A part of the ended video in base64: the whole of a long one would be too much for one message. */
export function sliceScript(start: number, end: number): string {
  return `(async () => {
    const bytes = new Uint8Array(await window.encoder.video.slice(${start}, ${end}).arrayBuffer());
    let text = '';
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return btoa(text);
  })()`;
}
