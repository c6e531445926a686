// A party of swifts over the roofs. Each follows the party and keeps its distance; turns are banked.

const SWIFT =
  "M0-74C3-74 5-71 8-67C13-62 15-56 16-50C18-47 24-49 31-53C42-59 55-63 66-60C104-50 162-15 200 52C161 15 113-12 73-21" +
  "C52-26 32-20 18-6C18 16 15 34 11 50C12 62 16 78 20 92C13 86 6 81 0 76C-6 81-13 86-20 92C-16 78-12 62-11 50C-15 34-18 16" +
  "-18-6C-32-20-52-26-73-21C-113-12-161 15-200 52C-162-15-104-50-66-60C-55-63-42-59-31-53C-24-49-18-47-16-50C-15-56-13-62" +
  "-8-67C-5-71-3-74 0-74Z";
const COUNT = 17;
const FRAME = 1000 / 40;

/** Birds begin where a fixed seed puts them, so the still picture is the same every time. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function startFlock(canvas) {
  const context = canvas.getContext("2d");
  const shape = new Path2D(SWIFT);
  const random = seeded(20);
  const birds = Array.from({ length: COUNT }, () => ({
    x: 0.28 + random() * 0.62,
    y: 0.1 + random() * 0.5,
    heading: -0.5 + random() * 0.9,
    roll: 0,
    depth: 0.35 + random() * 0.65,
    beat: random() * 6,
  }));
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let width = 0;
  let height = 0;
  let last = 0;
  let visible = true;

  function resize() {
    const scale = Math.min(2, devicePixelRatio || 1);
    width = canvas.clientWidth;
    height = canvas.clientHeight;
    canvas.width = width * scale;
    canvas.height = height * scale;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    draw();
  }

  function draw() {
    context.clearRect(0, 0, width, height);
    context.fillStyle = getComputedStyle(canvas).getPropertyValue("--bird");
    for (const bird of birds) {
      // Glides, with a burst of beats now and then.
      const beating = Math.sin(bird.beat * 0.35) > 0.2 ? Math.abs(Math.cos(bird.beat * 4)) * 0.45 : 0;
      const size = (0.05 + 0.13 * bird.depth ** 2) * Math.min(1, 0.55 + width / 2400);
      context.save();
      context.globalAlpha = 0.35 + 0.5 * bird.depth;
      context.translate(bird.x * width, bird.y * height);
      context.rotate(bird.heading + Math.PI / 2);
      context.scale(size * (Math.cos(bird.roll) * 0.9 + 0.1) * (1 - beating), size);
      context.fill(shape);
      context.restore();
    }
  }

  function move(seconds, now) {
    // The party circles a point that wanders over the town.
    const low = width < 740 ? 0.18 : 0.4;
    const centre = { x: 0.52 + 0.28 * Math.sin(now / 5200), y: low * (1 + 0.42 * Math.sin(now / 3700)) };
    for (const bird of birds) {
      let wantX = (centre.x - bird.x) * 1.1;
      let wantY = (centre.y - bird.y) * 1.5;
      wantX += Math.cos(bird.heading) * 0.55;
      wantY += Math.sin(bird.heading) * 0.55;
      for (const other of birds) {
        const dx = bird.x - other.x;
        const dy = bird.y - other.y;
        const square = dx * dx + dy * dy;
        if (other !== bird && square < 0.006) {
          wantX += dx * 6;
          wantY += dy * 6;
        }
      }
      let turn = Math.atan2(wantY, wantX) - bird.heading;
      turn = Math.atan2(Math.sin(turn), Math.cos(turn));
      const rate = Math.max(-1.9, Math.min(1.9, turn * 2.1));
      bird.heading += rate * seconds;
      bird.roll += (rate * 0.62 - bird.roll) * Math.min(1, seconds * 4);
      const speed = (0.1 + 0.07 * bird.depth) * (width < 700 ? 1.5 : 1);
      bird.x += Math.cos(bird.heading) * speed * seconds;
      bird.y += Math.sin(bird.heading) * speed * seconds * (width / Math.max(height, 1));
      bird.beat += seconds;
    }
  }

  function frame(now) {
    if (!visible || still.matches || document.hidden) {
      last = 0;
      return;
    }
    requestAnimationFrame(frame);
    if (now - last < FRAME) return;
    move(Math.min(0.1, last ? (now - last) / 1000 : 0), now);
    last = now;
    draw();
  }

  const wake = () => requestAnimationFrame(frame);
  new ResizeObserver(resize).observe(canvas);
  new IntersectionObserver(([entry]) => {
    const was = visible && last > 0;
    visible = entry.isIntersecting;
    if (visible && !was) wake();
  }).observe(canvas);
  document.addEventListener("visibilitychange", wake);
  still.addEventListener("change", wake);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
