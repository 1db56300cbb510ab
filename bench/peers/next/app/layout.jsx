export default function Layout({ children }) {
  return (
    <html lang="en-US" dir="ltr">
      <body>{children}</body>
    </html>
  );
}
