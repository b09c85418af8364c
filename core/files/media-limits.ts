/** What media a message may bring, and what of it goes to models. Sizes are of files, not of their base64 form. */
export const MEDIA_LIMITS = {
  /** Bytes of an image or document that is shown to a model; larger files only go into the sandbox. */
  shownBytes: 32 * 1024 * 1024,
  /** Bytes of what is fetched from an address. */
  fetchedBytes: 20 * 1024 * 1024,
  /** Addresses in one request. */
  addresses: 20,
  /** Pages of a PDF that a model may be shown. */
  pdfPages: 1_000,
  /** Pages and bytes of a PDF that goes to a vendor as it is; of others their text does. */
  nativePdfPages: 100,
  nativePdfBytes: 10 * 1024 * 1024,
  /** Characters of a text, or of what a PDF says, that a model is shown. */
  textCharacters: 400_000,
  /** Base64 characters that all images and documents of one model request may have together. */
  requestCharacters: 18_000_000,
} as const;
