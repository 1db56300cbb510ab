<?php
/** Posts that are odd by what is in them: no title, no content, other scripts, great length, odd dates. */

$rig_culture = array( 'category' => array( rig_id( 'category_culture' ) ) );

rig_post( 'no_title_post', array( 'post_title' => '', 'post_content' => 'NO-TITLE-BODY: this post has no title.', 'post_date' => '2023-05-01 09:00:00', 'terms' => $rig_culture ) );
rig_post( 'no_content_post', array( 'post_title' => 'Only a title', 'post_content' => '', 'post_date' => '2023-05-02 09:00:00', 'terms' => $rig_culture ) );
rig_post( 'only_excerpt_post', array( 'post_title' => '', 'post_content' => '', 'post_excerpt' => 'Only an excerpt.', 'post_date' => '2023-05-03 09:00:00' ) );
rig_post( 'markup_title_post', array( 'post_title' => '<em>Fish</em> &amp; <code>chips</code> < “quoted” "straight" \'single\' — 5 > 3 <br>', 'post_content' => rig_paragraphs( 401 ), 'post_date' => '2023-05-04 09:00:00', 'terms' => $rig_culture, 'post_name' => 'markup-title' ) );
rig_post( 'script_title_post', array( 'post_title' => 'Title <script>window.pwned=1</script><img src=x onerror="window.pwned=1"> end', 'post_content' => rig_paragraphs( 402 ), 'post_excerpt' => 'Excerpt <script>window.pwned=1</script><svg onload="window.pwned=1"></svg> end', 'post_date' => '2023-05-05 09:00:00', 'post_name' => 'script-title' ) );

// Other scripts; the slug is made by WordPress from the title.
rig_post( 'arabic_post', array( 'post_title' => 'الميناء في الصباح', 'post_content' => '<p dir="rtl">السفن تصل مع المد. <a href="' . esc_url( home_url( '/' ) ) . '">الرئيسية</a></p>', 'post_date' => '2023-06-01 09:00:00', 'terms' => array( 'category' => array( rig_id( 'category_cyrillic' ) ) ) ) );
rig_post( 'chinese_post', array( 'post_title' => '港口的早晨', 'post_content' => '<p>船隻隨著潮水到來。海鷗在燈塔上空盤旋。</p>', 'post_date' => '2023-06-02 09:00:00', 'terms' => array( 'post_tag' => array( '航海' ) ) ) );
rig_post( 'cyrillic_post', array( 'post_title' => 'Утро в порту', 'post_content' => '<p>Корабли приходят с приливом.</p>', 'post_date' => '2023-06-03 09:00:00', 'post_author' => rig_id( 'author_olga' ), 'terms' => array( 'category' => array( rig_id( 'category_cyrillic' ) ) ) ) );
rig_post( 'accented_post', array( 'post_title' => 'Ćma, żółw & Überraschung à l’île', 'post_content' => rig_paragraphs( 403 ), 'post_date' => '2023-06-04 09:00:00' ) );
rig_post( 'decomposed_post', array( 'post_title' => "Cafe\u{0301} in two code points", 'post_name' => "cafe\u{0301}", 'post_content' => rig_paragraphs( 404 ), 'post_date' => '2023-06-05 09:00:00' ) );
rig_post( 'emoji_post', array( 'post_title' => 'Boats 🚤⛵️👩‍✈️ and 👍🏽', 'post_name' => 'boats-⛵', 'post_content' => "<p>🌊🌊🌊 Emoji 🇪🇺 in the text, \u{1D518}\u{1D52B}\u{1D526} beyond the basic plane.</p>", 'post_date' => '2023-06-06 09:00:00' ) );
rig_post( 'rtl_post', array( 'post_title' => "Mixed עברית and \u{202E}reversed\u{202C} text", 'post_content' => '<p>English, then עברית, then English.</p><p dir="rtl">שלום, world!</p>', 'post_name' => 'mixed-directions', 'post_date' => '2023-06-07 09:00:00' ) );
rig_post( 'long_slug_post', array( 'post_title' => str_repeat( 'Очень длинное название ', 12 ), 'post_content' => rig_paragraphs( 405 ), 'post_date' => '2023-06-08 09:00:00' ) );

// Great length.
rig_post( 'long_post', array( 'post_title' => 'A very long post', 'post_content' => rig_paragraphs( 406, 1400 ), 'post_date' => '2023-07-01 09:00:00' ) );
rig_post( 'long_word_post', array( 'post_title' => 'Donaudampfschifffahrts' . str_repeat( 'gesellschafts', 20 ) . 'kapitän', 'post_content' => '<p>' . str_repeat( 'verylongword', 400 ) . '</p><pre>' . str_repeat( '=', 600 ) . '</pre><p>https://example.org/' . str_repeat( 'path/', 120 ) . '</p>', 'post_name' => 'long-word', 'post_date' => '2023-07-02 09:00:00' ) );

// Slugs that look like something else.
rig_post( 'numeric_slug_post', array( 'post_title' => 'Nineteen eighty-four', 'post_name' => '1984', 'post_content' => rig_paragraphs( 407 ), 'post_date' => '2023-08-01 09:00:00' ) );
rig_post( 'feed_slug_post', array( 'post_title' => 'Feed the gulls', 'post_name' => 'feed', 'post_content' => rig_paragraphs( 408 ), 'post_date' => '2023-08-02 09:00:00' ) );
rig_post( 'page_slug_post', array( 'post_title' => 'Page 2', 'post_name' => 'page-2', 'post_content' => rig_paragraphs( 409 ), 'post_date' => '2023-08-03 09:00:00' ) );
rig_post( 'same_slug_post_a', array( 'post_title' => 'The same name', 'post_name' => 'same-name', 'post_content' => rig_paragraphs( 410 ), 'post_date' => '2023-08-04 09:00:00' ) );
rig_post( 'same_slug_post_b', array( 'post_title' => 'The same name', 'post_name' => 'same-name', 'post_content' => rig_paragraphs( 411 ), 'post_date' => '2023-08-05 09:00:00' ) );

// Dates: before 1970, a leap day, both sides of the end of summer time (02:30 comes twice).
rig_post( 'ancient_post', array( 'post_title' => 'From 1968', 'post_content' => rig_paragraphs( 412 ), 'post_date' => '1968-06-01 12:00:00' ) );
rig_post( 'leap_day_post', array( 'post_title' => 'Leap day', 'post_content' => rig_paragraphs( 413 ), 'post_date' => '2020-02-29 12:00:00' ) );
rig_post( 'dst_post', array( 'post_title' => 'When the clock went back', 'post_content' => rig_paragraphs( 414 ), 'post_date' => '2022-10-30 02:30:00' ) );
rig_post( 'new_year_post', array( 'post_title' => 'Half an hour into the year', 'post_content' => rig_paragraphs( 415 ), 'post_date' => '2022-01-01 00:30:00' ) );

// Characters that JSON, XML and HTML each treat in their own way.
rig_post( 'characters_post', array( 'post_title' => 'Characters: \\ \\n %20 &#038; &nbsp; [brackets] {{ braces }} {% percent %} $1 \\0', 'post_name' => 'characters', 'post_content' => "<p>Back\\slash, {{ 7*7 }}, {% raw %}, &lt;not a tag&gt;, ]]&gt; and ]]>, soft\u{00AD}hyphen, zero\u{200B}width, non\u{00A0}breaking, line\u{2028}separator, [unknown_shortcode a=\"b\"], %s %d, \$var.</p>", 'post_date' => '2023-08-06 09:00:00' ) );
